"""Runs the package's plugin for `pulumi package add <repository>/components`."""

from meshwright_provider.__main__ import main

if __name__ == "__main__":
    main()
