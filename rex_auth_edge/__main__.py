"""`python -m rex_auth_edge` is the command `rex-auth-edge`."""

from rex_auth_edge.cli import main

if __name__ == "__main__":
    main(prog_name="rex-auth-edge")
