# shellcheck shell=bash
# What deploy/start, tests/run, tests/bench/run and .ci/run need from the machine. To be sourced.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "error: $*"
    exit 1
}

is_root() { [ "$(id -u)" -eq 0 ]; }

can_install() {
    command -v apt-get >/dev/null && { is_root || sudo -n true 2>/dev/null; }
}

# install_packages WHY PACKAGE...
install_packages() {
    local why=$1 as_root=()
    shift
    is_root || as_root=(sudo -n)
    say "$why: installing $*"
    local log
    log=$(mktemp)
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q)
    # An old package list names versions that are gone, so it is renewed first. Installing may
    # still succeed when that fails.
    "${apt[@]}" update >"$log" 2>&1 || true
    if ! "${apt[@]}" install --no-install-recommends "$@" >>"$log" 2>&1; then
        tail -n 15 "$log" >&2
        rm -f "$log"
        fail "could not install $*; install it by hand and start again"
    fi
    rm -f "$log"
}

need_cargo() {
    if ! command -v cargo >/dev/null; then
        local home=${CARGO_HOME:-$HOME/.cargo}
        [ -x "$home/bin/cargo" ] ||
            fail "found no cargo on PATH or in $home/bin; install Rust from https://rustup.rs and start again"
        PATH=$home/bin:$PATH
        export PATH
    fi
    (cd "$root" && cargo --version >/dev/null) ||
        fail "cargo is there but does not run; 'rustup toolchain install' in $root may help"
}

need_compiler() {
    command -v cc >/dev/null && return
    if can_install; then
        install_packages "found no C compiler, which links Rust programs" gcc libc6-dev
    else
        fail "found no C compiler (cc), which links Rust programs; install the package" \
            "gcc (Debian: gcc libc6-dev; Fedora: gcc; macOS: xcode-select --install)"
    fi
}

holds_postgres() { [ -x "$1/postgres" ] && [ -x "$1/initdb" ]; }

# Looks where the launcher in services/postgres looks.
find_postgres() {
    local dir dirs
    IFS=: read -r -a dirs <<<"$PATH"
    if command -v pg_config >/dev/null; then
        dirs+=("$(pg_config --bindir 2>/dev/null || true)")
    fi
    for dir in "${dirs[@]}" \
        /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql*/bin \
        /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin; do
        if [ -n "$dir" ] && holds_postgres "$dir"; then
            return 0
        fi
    done
    return 1
}

need_postgres() {
    if [ -n "${PG_BIN_DIR:-}" ]; then
        holds_postgres "$PG_BIN_DIR" ||
            fail "PG_BIN_DIR is $PG_BIN_DIR, which does not hold both initdb and postgres"
        return
    fi
    find_postgres && return
    if can_install; then
        install_packages "found no PostgreSQL server" postgresql
    fi
    find_postgres ||
        fail "found no PostgreSQL server programs (initdb, postgres); install the package" \
            "postgresql (Debian: postgresql; Fedora: postgresql-server; macOS: brew install" \
            "postgresql), or set PG_BIN_DIR to the folder that holds them"
}

# Where cargo builds to. The checkout may belong to somebody else.
use_target_dir() {
    CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}
    case $CARGO_TARGET_DIR in
        /*) ;;
        *) CARGO_TARGET_DIR=$root/$CARGO_TARGET_DIR ;;
    esac
    if ! mkdir -p "$CARGO_TARGET_DIR" 2>/dev/null || [ ! -w "$CARGO_TARGET_DIR" ]; then
        say "$CARGO_TARGET_DIR is not ours to write to; building in the cache folder instead"
        CARGO_TARGET_DIR=${XDG_CACHE_HOME:-$HOME/.cache}/trellis/target
        mkdir -p "$CARGO_TARGET_DIR"
    fi
    export CARGO_TARGET_DIR
}

# Lays the stylesheet and script of nhsuk-frontend where services/web/build.rs looks for them. To be
# called after use_target_dir. Without npm, or out of its reach, pages have a plain style.
lay_web_style() {
    local web=$CARGO_TARGET_DIR/web package=services/web/package-lock.json
    cmp -s "$root/$package" "$web/nhsuk/package-lock.json" && return
    if ! command -v npm >/dev/null; then
        say "found no npm, which brings the stylesheet of the pages; they are built in a plain style"
        return
    fi
    mkdir -p "$web/nhsuk"
    cp "$root/services/web/package.json" "$root/$package" "$web/"
    if ! npm ci --prefix "$web" --no-audit --no-fund --loglevel=error >&2; then
        say "npm could not fetch the stylesheet of the pages; they are built in a plain style"
        return
    fi
    cp "$web"/node_modules/nhsuk-frontend/dist/nhsuk/nhsuk-frontend-[0-9]*.min.css "$web/nhsuk/nhsuk.css"
    cp "$web"/node_modules/nhsuk-frontend/dist/nhsuk/nhsuk-frontend-[0-9]*.min.js "$web/nhsuk/nhsuk.js"
    # last, since it says that the others are there
    cp "$root/$package" "$web/nhsuk/package-lock.json"
}
