"""Pages of platform finance: custody, differences, postings by hand."""
