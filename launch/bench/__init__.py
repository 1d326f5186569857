"""Benchmarks that ship with the product: `kuaimen bench …`."""
