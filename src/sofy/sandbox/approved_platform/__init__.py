"""A simulated approved platform (plateforme agréée) with the buyers behind it."""
