#!/bin/sh
# SPDX-License-Identifier: MIT
# Certificates for tests, each in one file with its key, by the openssl command:
#   certificates.sh authority FOLDER FILE NAME        an authority of this name; the folder is made
#   certificates.sh issue FOLDER FILE DAYS NAME...    for these host names and addresses, by the authority in FOLDER/ca.pem; DAYS 0: expired
set -eu
what=$1 folder=$2 file=$2/$3
shift 3
key="-newkey rsa:2048 -nodes -keyout $file.key"
# shellcheck disable=SC2086  # the words of $key
case $what in
authority)
	mkdir -p "$folder"
	openssl req -x509 $key -days 1 -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE -out "$file.new" 2>/dev/null
	cp "$file.new" "$file"
	mv "$file.key" "$folder/authority.key"
	;;
issue)
	days=$1 names=
	shift
	for name in "$@"; do
		case $name in
		[0-9]*) names=$names,IP:$name ;;
		*) names=$names,DNS:$name ;;
		esac
	done
	openssl req -new $key -subj "/CN=$1" -addext "subjectAltName=${names#,}" 2>/dev/null |
		openssl x509 -req -CA "$folder/ca.pem" -CAkey "$folder/authority.key" -days "$days" -copy_extensions copy -out "$file.new" 2>/dev/null
	cat "$file.new" "$file.key" >"$file"
	rm "$file.key"
	;;
esac
rm "$file.new"
