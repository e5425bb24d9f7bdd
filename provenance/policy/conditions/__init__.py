"""The condition language of budgets: lexer, grammar, SQL, three-valued logic."""
