"""The servers that are compared: how each is started, and when it serves."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import time

import machine


START_LIMIT_S = 30


class Failed(Exception):
    pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def trusting():
    """A TLS context that takes any certificate: those of the comparison are made for it."""
    out = ssl.create_default_context()
    out.check_hostname = False
    out.verify_mode = ssl.CERT_NONE
    return out


def get(port, path, scheme="http"):
    """The status of an answer; None: there is none (yet)."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
            s = trusting().wrap_socket(plain) if scheme == "https" else plain
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            head = s.recv(4096)
            return int(head[9:12]) if head.startswith(b"HTTP/1.1 ") else None
    except (OSError, ValueError):
        return None


class Server:
    """One program, or several that serve together: those in front, and those behind them."""

    def __init__(self, name, what, env, scheme="http"):
        self.name = name
        self.scheme = scheme
        self.what = what  # for the reader of the table
        self.folder = env.folder / name
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.front, self.behind = [], []
        self.begun = time.monotonic()
        self.start_ms = None
        self.idle_kib = None
        env.begun.append(self)

    def run(self, *command, behind=False, **options):
        log = open(self.folder / f"log{len(self.front) + len(self.behind)}", "w")
        process = subprocess.Popen([str(each) for each in command], cwd=self.folder, stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL, start_new_session=True, **options)
        (self.behind if behind else self.front).append(process)

    def wait(self):
        """Until it answers."""
        self.wait_for(self.port)
        self.start_ms = (time.monotonic() - self.begun) * 1000

    def wait_for(self, port):
        begin = time.monotonic()
        while get(port, "/plaintext", self.scheme) != 200:
            for each in self.front + self.behind:
                if each.poll() is not None:
                    raise Failed(f"{self.name} has ended: {self.last_words()}")
            if time.monotonic() - begin > START_LIMIT_S:
                raise Failed(f"{self.name} does not answer within {START_LIMIT_S} s: {self.last_words()}")
            time.sleep(0.0005)

    def last_words(self):
        return " | ".join(f.read_text()[-400:] for f in sorted(self.folder.glob("log*")))

    def cpu_seconds(self):
        """Of the processes in front, and of those behind."""
        return (machine.cpu_seconds_of_trees(each.pid for each in self.front),
                machine.cpu_seconds_of_trees(each.pid for each in self.behind))

    def resident_kib(self):
        return machine.resident_kib(each.pid for each in self.front)

    def stop(self):
        for each in self.front + self.behind:
            if each.poll() is None:
                each.send_signal(signal.SIGTERM)
        for each in self.front + self.behind:
            try:
                each.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(each.pid, signal.SIGKILL)
                each.wait()


def certificate(env):
    """A certificate for 127.0.0.1, and its key: the same for all."""
    made = env.folder / "certificate.pem", env.folder / "key.pem"
    if not made[0].exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=127.0.0.1", "-out", made[0], "-keyout", made[1]],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return made


def tls_flags(env, scheme):
    if scheme != "https":
        return []
    chain, key = certificate(env)
    return ["--tls-certificates", chain, "--tls-keys", key]


def troupe(name, what, env, storage, threads=1, workers=0, program=None, scheme="http", flags=()):
    program = program or env.bin / "techempower"
    if not program.exists():
        raise Failed(f"{os.path.relpath(program, env.root)} is not built")
    s = Server(name, what, env, scheme)
    cluster = free_port()
    common = ["--storage", storage or f"sqlite:{s.folder}/bench.db", "--log-level", "warn"]
    # As one does before nodes are started; the table with 10,000 rows is made but once.
    migrated = subprocess.run([program, "migrate", "up", *common[:2]], cwd=s.folder, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if migrated.returncode != 0:
        raise Failed(f"{name}: migrate up: {migrated.stdout.strip()}")
    s.begun = time.monotonic()
    s.run(program, "gateway", "--listen", f"127.0.0.1:{s.port}", "--cluster", f"127.0.0.1:{cluster}",
          "--admin", "127.0.0.1:0", "--threads", threads, "--access-log", "false",
          *(["--no-local-workers"] if workers else []), *tls_flags(env, scheme), *flags, *common)
    for _ in range(workers):
        s.run(program, "worker", "--join", f"127.0.0.1:{cluster}", "--threads", 1, *common, behind=True)
    s.wait()
    return s


def bare(env, program, name, what):
    s = Server(name, what, env)
    s.run(env.bin / program, 1, s.port)
    s.wait()
    return s


def fastify(env, name="fastify", what="Fastify with pg on Node.js, one process, 8 connections", program="server.mjs",
            scheme="http"):
    modules = env.build / "fastify"
    if not (modules / "node_modules").exists() or env.node is None:
        raise Failed("Node.js, npm or its packages are not installed")
    s = Server(name, what, env, scheme)
    shutil.copy(env.root / "bench/servers/fastify" / program, modules / program)
    postgres = env.postgres if program == "server.mjs" else env.api_postgres
    s.run(env.node, modules / program, s.port, postgres, 8, *(certificate(env) if scheme == "https" else []),
          env={**os.environ, "NODE_ENV": "production"})
    s.wait()
    return s


def drogon(env):
    program = env.bin / "bench-drogon"
    if not program.exists():
        raise Failed("Debian has Drogon since release 13")
    s = Server("drogon", "Drogon, one loop, its fast client for PostgreSQL with one connection", env)
    s.run(program, s.port, env.postgres, 1)
    s.wait()
    return s


NGINX = """
daemon off;
worker_processes {workers};
pid pid;
error_log error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  keepalive_requests 100000000;
  {upstream}
  server {{
    listen 127.0.0.1:{port} {options};
    {locations}
  }}
}}
"""


def nginx_executable():
    found = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if found is None:
        raise Failed("nginx is not installed (Debian: nginx-light)")
    return found


def run_nginx(s, workers, upstream, locations, options="reuseport"):
    (s.folder / "nginx.conf").write_text(
        NGINX.format(workers=workers, port=s.port, upstream=upstream, locations=locations, options=options))
    s.run(nginx_executable(), "-p", s.folder, "-c", s.folder / "nginx.conf")
    s.wait()
    return s


def nginx(env):
    s = Server("nginx", "nginx, one worker process, fixed answers", env)
    return run_nginx(s, 1, "", """
    location = /plaintext { default_type text/plain; return 200 "Hello, World!"; }
    location = /json { default_type application/json; return 200 '{"message":"Hello, World!"}'; }""")


def nginx_tls(env):
    s = Server("nginx-tls", "the same, over TLS", env, "https")
    chain, key = certificate(env)
    return run_nginx(s, 1, "", f"""
    ssl_certificate {chain}; ssl_certificate_key {key};
    location = /plaintext {{ default_type text/plain; return 200 "Hello, World!"; }}""", "reuseport ssl")


def nginx_before_two(env):
    s = Server("nginx-2-bare", "nginx, two worker processes, before two bare servers", env)
    ports = [free_port(), free_port()]
    for port in ports:
        s.run(env.bin / "bench-epoll", 1, port, behind=True)
    for port in ports:
        s.wait_for(port)
    upstream = "upstream bare { " + " ".join(f"server 127.0.0.1:{port};" for port in ports) \
        + " keepalive 64; keepalive_requests 100000000; }"
    return run_nginx(s, 2, upstream, """
    location / { proxy_pass http://bare; proxy_http_version 1.1; proxy_set_header Connection ""; }""")


ALL = {
    "bare-epoll": lambda env: bare(env, "bench-epoll", "bare-epoll", "an epoll loop that parses and routes nothing"),
    "bare-beast": lambda env: bare(env, "bench-beast", "bare-beast", "Boost.Beast as in its examples, one thread"),
    "nginx": nginx,
    "troupe": lambda env: troupe("troupe", "Troupe, one loop, PostgreSQL", env, env.postgres),
    "troupe-pgo": lambda env: troupe("troupe-pgo", "the same, built by scripts/build-pgo", env, env.postgres,
                                     program=env.root / "build/pgo/bin/techempower"),
    "troupe-sqlite": lambda env: troupe("troupe-sqlite", "Troupe, one loop, SQLite", env, None),
    "troupe-2-loops": lambda env: troupe("troupe-2-loops", "Troupe, two loops, PostgreSQL with storage.per_loop", env,
                                         env.postgres, threads=2, flags=["--storage-per-loop"]),
    "drogon": drogon,
    "fastify": fastify,
    "troupe-api": lambda env: troupe("troupe-api", "Troupe, one loop, PostgreSQL: bench/servers/api", env, env.api_postgres,
                                     program=env.bin / "bench-api"),
    "fastify-api": lambda env: fastify(env, "fastify-api", "the same on Fastify, pg and ws", "api.mjs"),
    "nginx-tls": nginx_tls,
    "troupe-tls": lambda env: troupe("troupe-tls", "troupe-api over TLS", env, env.api_postgres, program=env.bin / "bench-api",
                                     scheme="https"),
    "fastify-tls": lambda env: fastify(env, "fastify-tls", "fastify-api over TLS", "api.mjs", "https"),
    "troupe-2-workers": lambda env: troupe("troupe-2-workers", "Troupe, gateway with two loops, two worker nodes", env,
                                           env.postgres, threads=2, workers=2),
    "nginx-2-bare": nginx_before_two,
}
