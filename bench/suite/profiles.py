"""What clients ask for."""

import dataclasses

BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7",
    "Cache-Control": "max-age=0",
    "Cookie": "session=0123456789abcdef0123456789abcdef; theme=dark; consent=all; _ga=GA1.2.1234567890.1700000000",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
    "Upgrade-Insecure-Requests": "1",
}

LOCAL = ("bare-epoll", "bare-beast", "nginx", "troupe", "troupe-pgo", "drogon", "fastify")
PARSING = tuple(each for each in LOCAL if each != "bare-epoll")
DATABASE = ("troupe", "troupe-pgo", "troupe-sqlite", "drogon", "fastify")
CLUSTER = ("troupe-2-workers", "nginx-2-bare")


@dataclasses.dataclass(frozen=True)
class Profile:
    name: str
    path: str
    servers: tuple
    connections: int = 64
    threads: int = 1  # of wrk
    turns: str = "turns[1] = wrk.format()\n"  # Lua: what a connection sends, one after the other
    headers: dict = dataclasses.field(default_factory=dict)
    short: bool = False  # part of the short form, too
    refused: float = 0  # this share of it
    message: int = 0  # bytes of a WebSocket's message, which comes back; 0: HTTP


AT_ONCE = "turns[1] = string.rep(wrk.format(), 16)\n"


def body_of(size):
    return ("turns[1] = wrk.format('POST', nil, {['Content-Type'] = 'application/octet-stream'}, "
            f"string.rep('x', {size}))\n")


ITEMS = """
local as_json = {['Content-Type'] = 'application/json'}
local item = '{"name":"a thing of some use","price":1999,"quantity":7}'
local function read() return wrk.format('GET', '/items/' .. math.random(1000)) end
local function list() return wrk.format('GET', '/items?after=' .. math.random(900)) end
local function create() return wrk.format('POST', '/items', as_json, item) end
local function change() return wrk.format('PUT', '/items/' .. math.random(1000), as_json, item) end
"""
CRUD = ITEMS + "turns = {read, list, read, change, read, create, read, list, read, change}\n"
MIXED = ITEMS + """
local some = wrk.format('GET', '/json/10')
local upload = wrk.format('POST', '/upload', {['Content-Type'] = 'application/octet-stream'}, string.rep('x', 4096))
turns = {some, read, wrk.format('GET', '/plaintext'), list, some, upload, read, create, some, some}
"""
# Of ten requests one asks for what is not there, and one is none.
NOISE = """
local good = wrk.format()
turns = {good, good, good, good, wrk.format('GET', '/nothing/here'), good, good, good, good,
  'GET /plaintext HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nno field at all\\r\\n\\r\\n'}
"""

API = ("troupe-api", "fastify-api")
TLS = ("nginx-tls", "troupe-tls", "fastify-tls")

FULL = [
    Profile("plaintext, 16 connections", "/plaintext", LOCAL, 16),
    Profile("plaintext", "/plaintext", LOCAL, short=True),
    Profile("plaintext, 256 connections", "/plaintext", LOCAL, 256),
    Profile("plaintext, 16 at once", "/plaintext", ("bare-epoll", "bare-beast", "nginx", "troupe", "troupe-pgo", "drogon"), turns=AT_ONCE, short=True),
    Profile("plaintext, as a browser asks", "/plaintext", LOCAL, headers=BROWSER),
    Profile("plaintext, a connection for each", "/plaintext", ("bare-beast", "nginx", "troupe", "drogon", "fastify"),
            headers={"Connection": "close"}),
    Profile("json", "/json", PARSING, short=True),
    Profile("json, 256 connections", "/json", PARSING, 256),
    Profile("db", "/db", DATABASE, short=True),
    Profile("db, 16 connections", "/db", DATABASE, 16),
    Profile("db, 256 connections", "/db", DATABASE, 256),
    Profile("db, coalesced", "/coalesced/db", ("troupe",)),
    Profile("20 queries", "/queries?queries=20", DATABASE, short=True),
    Profile("20 queries, coalesced", "/coalesced/queries?queries=20", ("troupe",), short=True),
    Profile("plaintext, two loops", "/plaintext", ("troupe-2-loops",), threads=2),
    Profile("db, two loops", "/db", ("troupe-2-loops",), threads=2),
    Profile("fortunes", "/fortunes", DATABASE),
    Profile("20 updates, a statement for each", "/updates?queries=20", ("troupe", "troupe-sqlite")),
    Profile("20 updates, one statement", "/batched/updates?queries=20", ("troupe", "drogon", "fastify")),
    Profile("20 cached queries", "/cached-queries?count=20", ("troupe", "troupe-sqlite")),
    Profile("json, 1 KiB", "/json/10", API),
    Profile("json, 5 KiB", "/json/50", API),
    Profile("body of 1 KiB", "/upload", API, turns=body_of(1 << 10)),
    Profile("body of 64 KiB", "/upload", API, turns=body_of(1 << 16)),
    Profile("body of 1 MiB", "/upload", API, turns=body_of(1 << 20)),
    Profile("create, read, change, list", "/items", API, turns=CRUD),
    Profile("mixed API", "/", API, turns=MIXED),
    Profile("noise between good requests", "/plaintext", ("nginx", "troupe-api", "fastify-api"), turns=NOISE, refused=0.2),
    Profile("plaintext over TLS", "/plaintext", TLS),
    Profile("WebSocket echo, 32 bytes", "/echo", API, message=32),
    Profile("WebSocket echo, 16 KiB", "/echo", API, message=1 << 14),
    Profile("cluster: plaintext, 16 connections", "/plaintext", CLUSTER, 16),
    Profile("cluster: plaintext", "/plaintext", CLUSTER, short=True),
    Profile("cluster: plaintext, 256 connections", "/plaintext", CLUSTER, 256),
]
