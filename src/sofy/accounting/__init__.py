"""What the operator's accountant needs: VAT and revenue reports, FEC and CSV exports, deposits of invoices."""
