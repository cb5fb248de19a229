"""The shop: a commerce solution's tables. Products, coupons and orders keep their numbers, members get new ones."""
