"""Pure rules of the books: VAT that falls due, entries and how the tax administration wants them."""
