"""One file per outside thing, named after its port."""
