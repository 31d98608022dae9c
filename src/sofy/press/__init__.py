"""Paper: PDF made by typst, its look, and amounts and dates as a reader writes them."""
