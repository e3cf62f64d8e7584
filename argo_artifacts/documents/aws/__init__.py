"""AWS documents: identity, trust, bucket and key policies, made from the plan alone."""
