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
    pipeline: int = 1
    headers: dict = dataclasses.field(default_factory=dict)
    short: bool = False  # part of the short form, too


FULL = [
    Profile("plaintext, 16 connections", "/plaintext", LOCAL, 16),
    Profile("plaintext", "/plaintext", LOCAL, short=True),
    Profile("plaintext, 256 connections", "/plaintext", LOCAL, 256),
    Profile("plaintext, 16 at once", "/plaintext", ("bare-epoll", "bare-beast", "nginx", "troupe", "troupe-pgo", "drogon"), pipeline=16, short=True),
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
    Profile("fortunes", "/fortunes", DATABASE),
    Profile("20 updates, a statement for each", "/updates?queries=20", ("troupe", "troupe-sqlite")),
    Profile("20 updates, one statement", "/batched/updates?queries=20", ("troupe", "drogon", "fastify")),
    Profile("20 cached queries", "/cached-queries?count=20", ("troupe", "troupe-sqlite")),
    Profile("cluster: plaintext, 16 connections", "/plaintext", CLUSTER, 16),
    Profile("cluster: plaintext", "/plaintext", CLUSTER, short=True),
    Profile("cluster: plaintext, 256 connections", "/plaintext", CLUSTER, 256),
]
