"""What `save`, `adjoint` and `control` are made of: values fetched, cotangents, loops backwards."""
