"""A frozen document as a French e-invoice: CII, UBL and Factur-X, checked by the official rules and by an oracle."""
