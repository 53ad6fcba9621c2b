# SPDX-License-Identifier: MIT
# Releases: a tarball, packages.

# The tarball is the same to the byte wherever it is made: no names, times or permissions of the machine are in it, and the format is gnu,
# since versions of tar write different headers of ustar.
DIST := prosody-token-verifier-$(VERSION)
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct)

## dist: a source tarball of the last commit, reproducible
.PHONY: dist
dist:
	rm -rf $(BUILD)/dist && mkdir -p $(BUILD)/dist/$(DIST)
	git archive --format=tar HEAD | tar -C $(BUILD)/dist/$(DIST) -xf -
	LC_ALL=C tar -C $(BUILD)/dist --format=gnu --sort=name --mtime=@$(SOURCE_DATE_EPOCH) --owner=0 --group=0 --numeric-owner \
		--mode=u=rwX,go=rX -cf $(BUILD)/dist/$(DIST).tar $(DIST)
	gzip -9n <$(BUILD)/dist/$(DIST).tar >$(DIST).tar.gz
	rm -rf $(BUILD)/dist

# The address of the folder in which the files of a release are published.
RELEASE_URL ?=
RELEASE := $(BUILD)/release

## rockspec: tarball and rockspec of the version, in build/release (RELEASE_URL=, the address of the folder they are published in)
.PHONY: rockspec
rockspec: dist
	@test -n '$(RELEASE_URL)' || { echo "error: RELEASE_URL is not set: the address of the folder in which the tarball is published" >&2; exit 1; }
	rm -rf $(RELEASE) && mkdir -p $(RELEASE) && mv $(DIST).tar.gz $(RELEASE)/
	sed -e 's|^version = .*|version = "$(VERSION)-1";|' -e '/The checkout itself/d' \
		-e "s|^\(\t*\)url = .*|\1url = \"$(RELEASE_URL:/=)/$(DIST).tar.gz\";\n\1md5 = \"$$(md5sum <$(RELEASE)/$(DIST).tar.gz | cut -c 1-32)\";|" \
		prosody-token-verifier-scm-1.rockspec >$(RELEASE)/$(DIST)-1.rockspec

## release: these, an SBOM and checksums (RELEASE_URL=)
.PHONY: release
release: all rockspec
	$(PYTHON) scripts/sbom $(RELEASE)/$(DIST).tar.gz $(BUILD)/$(MODULE).so $(SOURCE_DATE_EPOCH) >$(RELEASE)/$(DIST).spdx.json
	cd $(RELEASE) && LC_ALL=C sha256sum $(DIST)* >SHA256SUMS

# Builds every kind of package, installs it in an otherwise empty place, and uses it; as root, some minutes.
## package-check: builds, installs and uses every kind of package; as root
.PHONY: package-check
package-check:
	scripts/install-deps package
	+scripts/package-check

## release-check: makes a release twice, in two folders, and compares; verifies it, installs it by name with luarocks
.PHONY: release-check
release-check:
	+scripts/package-check release

# A Debian package, source and binary, of the committed files, in $(BUILD)/deb.
## deb: the Debian package, in build/deb
.PHONY: deb
deb: dist
	rm -rf $(BUILD)/deb && mkdir -p $(BUILD)/deb
	tar -C $(BUILD)/deb -xzf prosody-token-verifier-$(VERSION).tar.gz
	cd $(BUILD)/deb/prosody-token-verifier-$(VERSION) && dpkg-buildpackage -us -uc
