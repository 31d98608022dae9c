"""An approved platform (plateforme agréée): the only way on which French invoices travel, behind one port."""
