"""``python -m vcmodel``: the command line."""

from vcmodel.cli import app

if __name__ == "__main__":
    app(prog_name="vcmodel")
