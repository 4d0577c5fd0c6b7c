"""Run the plugin, as the engine does: ``pulumi-resource-meshwright ENGINE_ADDRESS``."""

from meshwright_provider.serving import serve


def main() -> None:
    """Serve until the engine is done or gone."""
    serve()


if __name__ == "__main__":
    main()
