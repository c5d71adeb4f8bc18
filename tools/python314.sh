#!/usr/bin/env bash
# Run tests under Python 3.14, in a root directory of Debian sid: `make matrix-314`.
#
# Linux and root only, and debootstrap must be installed (`apt-get install debootstrap`). The first
# run makes the root in .python314, which git ignores; later runs use it again. With no arguments
# the unit tests and the fidelity scenarios run; arguments go to pytest in their place:
#
#     tools/python314.sh tests/unit/test_store.py -x
#     tools/python314.sh tests/fidelity/test_scenarios.py -k partial
#
# After "--", any command is run in the root, with the checkout as its directory:
#
#     tools/python314.sh -- python examples/demo.py
#
# The mirror is the one that this machine's apt uses, and pip is set up by this machine's own
# environment, so that neither is written down here.
set -euo pipefail

cd "$(dirname "$0")/.."
checkout=$PWD
root=$checkout/.python314/root

if [ "$(id -u)" -ne 0 ]; then
    echo "A root directory can only be made by root." >&2
    exit 1
fi

# Made under another name first, so that a run that was stopped leaves nothing that looks whole.
if [ ! -d "$root" ]; then
    making=$checkout/.python314/making
    rm -rf --one-file-system "$making"
    mkdir -p "$making"
    # Ignored on every branch, also by ruff, which would look at Debian's own Python files.
    echo '*' > "$checkout/.python314/.gitignore"
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1)
    if [ -z "$mirror" ]; then
        echo "apt knows no Debian mirror: run 'apt-get update' first." >&2
        exit 1
    fi
    echo "Making a root directory of Debian sid (about two minutes, the first time) ..."
    if ! debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates \
        sid "$making" "$mirror" > "$checkout/.python314/debootstrap.log" 2>&1; then
        tail -n 20 "$checkout/.python314/debootstrap.log" >&2
        exit 1
    fi
    # A proxy may have certificates of its own.
    cp /usr/local/share/ca-certificates/*.crt "$making/usr/local/share/ca-certificates/" 2> /dev/null || true
    chroot "$making" update-ca-certificates > /dev/null 2>&1
    chroot "$making" python3 -m venv /venv
    mkdir "$making/checkout"
    mv "$making" "$root"
fi
cp /etc/resolv.conf /etc/hosts "$root/etc/"
for file in /etc/pip.conf "$HOME/.config/pip/pip.conf"; do
    if [ -f "$file" ]; then
        mkdir -p "$root$(dirname "$file")"
        cp "$file" "$root$file"
    fi
done

# In a mount namespace of its own: what is mounted is gone when the last process in it ends.
inside() {
    unshare --mount --propagation private bash -euc '
        root=$1 checkout=$2
        shift 2
        mount --rbind /proc "$root/proc"
        mount --rbind /dev "$root/dev"
        mount --bind "$checkout" "$root/checkout"
        exec chroot "$root" /usr/bin/env --chdir=/checkout PATH=/venv/bin:/usr/bin:/bin LC_ALL=C.UTF-8 "$@"
    ' - "$root" "$checkout" "$@"
}

if [ pyproject.toml -nt "$root/venv/installed" ]; then
    echo "Installing Kishu with its tests (about two minutes, the first time) ..."
    inside pip install --quiet --disable-pip-version-check --editable '.[dev]'
    touch "$root/venv/installed"
fi
if [ "${1-}" = "--" ]; then
    shift
    inside "$@"
    exit
fi
if [ $# -eq 0 ]; then
    set -- tests/unit tests/fidelity/test_scenarios.py
fi
inside python --version
inside python -m pytest -p no:cacheprovider "$@"
