CREATE TABLE world (id INTEGER PRIMARY KEY, randomnumber INTEGER NOT NULL);
INSERT INTO world SELECT n, 1 + floor(random() * 10000)::integer FROM generate_series(1, 10000) AS n;
