"""What every vendor is made from: exchanges, routes, refusals, credentials, forms and hints."""
