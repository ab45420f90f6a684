# make book: NOTES.md, and the same in Chinese, as one HTML file each into $(B)/book, the figures of
# `make plots` inside; and as PDF where Chromium is installed.
.PHONY: book
book: plots
	@B=$(B) sh book/make.sh $(wildcard NOTES.md NOTES.zh.md)
