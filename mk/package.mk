# SPDX-License-Identifier: MIT
# Releases: a tarball, packages.

## dist: a source tarball
.PHONY: dist
dist:
	git archive --format=tar.gz --prefix=prosody-token-verifier-$(VERSION)/ \
		-o prosody-token-verifier-$(VERSION).tar.gz HEAD

# Builds every kind of package, installs it in an otherwise empty place, and uses it; as root, some minutes.
## package-check: builds, installs and uses every kind of package; as root
.PHONY: package-check
package-check:
	scripts/install-deps package
	+scripts/package-check

# A Debian package, source and binary, of the committed files, in $(BUILD)/deb.
## deb: the Debian package, in build/deb
.PHONY: deb
deb: dist
	rm -rf $(BUILD)/deb && mkdir -p $(BUILD)/deb
	tar -C $(BUILD)/deb -xzf prosody-token-verifier-$(VERSION).tar.gz
	cd $(BUILD)/deb/prosody-token-verifier-$(VERSION) && dpkg-buildpackage -us -uc
