# SPDX-License-Identifier: MIT
# What others get: a tarball, packages.

## dist: a tarball that builds alone
.PHONY: dist
dist:
	git archive --format=tar.gz --prefix=prosody-token-verifier-$(VERSION)/ \
		-o prosody-token-verifier-$(VERSION).tar.gz HEAD

# Every kind of package, built, installed where nothing else of ours is, and used; as root, in some minutes.
## package-check: every kind of package, built, installed and used; as root
.PHONY: package-check
package-check:
	scripts/install-deps package
	+scripts/package-check

# A Debian package, source and binary, of what is committed, in $(BUILD)/deb.
## deb: the Debian package, in build/deb
.PHONY: deb
deb: dist
	rm -rf $(BUILD)/deb && mkdir -p $(BUILD)/deb
	tar -C $(BUILD)/deb -xzf prosody-token-verifier-$(VERSION).tar.gz
	cd $(BUILD)/deb/prosody-token-verifier-$(VERSION) && dpkg-buildpackage -us -uc
