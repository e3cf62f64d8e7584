"""What development needs and no registry ships ready: programs, local platform, test run.

Nothing of the product imports this package; it runs from the root of the checkout.
"""
