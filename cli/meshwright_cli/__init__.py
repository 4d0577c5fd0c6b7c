"""The `meshwright` command: thin, each subcommand's work lives with the part it drives."""
