"""One module per command of `kuaimen`; each has one function, `run`, whose parameters are the command's options."""
