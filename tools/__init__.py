"""What is run from a checkout beside the product: pictures, the container image, traces, names."""
