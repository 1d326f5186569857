"""HTTP for guests: everything the mini-program and the H5 album call. Documented in docs/wire.md."""
