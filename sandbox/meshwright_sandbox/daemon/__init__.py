"""What `meshwright sandbox` does: start, describe and stop the local cloud of one folder."""
