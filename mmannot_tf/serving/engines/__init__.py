"""The formats of an export, one file each, and the engines that run them."""
