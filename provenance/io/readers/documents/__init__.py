"""Read the text of HTML, PDF, EPUB and DOCX documents."""
