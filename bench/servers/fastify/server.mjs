// node server.mjs PORT DATABASE CONNECTIONS: TechEmpower's tests on Fastify and pg, one process, 127.0.0.1 only. As
// their authors recommend: no logger, schemas for answers, named (so prepared) statements, a pool.
import Fastify from 'fastify';
import pg from 'pg';

const [port, database, connections] = process.argv.slice(2);
const app = Fastify({logger: false});
const pool = new pg.Pool({connectionString: database, max: Number(connections)});

const worldSchema = {type: 'object', properties: {id: {type: 'integer'}, randomNumber: {type: 'integer'}}};
const one = {schema: {response: {200: worldSchema}}};
const many = {schema: {response: {200: {type: 'array', items: worldSchema}}}};
const message = {schema: {response: {200: {type: 'object', properties: {message: {type: 'string'}}}}}};

const randomId = () => 1 + Math.floor(Math.random() * 10000);
const countOf = (text) => Math.min(Math.max(Number.parseInt(text, 10) || 1, 1), 500);

const load = async (client = pool) => (await client.query({
  name: 'world',
  text: 'SELECT id, randomnumber AS "randomNumber" FROM world WHERE id = $1',
  values: [randomId()],
})).rows[0];

const loadMany = (count) => Promise.all(Array.from({length: count}, () => load()));

app.get('/plaintext', (request, reply) => { reply.type('text/plain').send('Hello, World!'); });
app.get('/json', message, (request, reply) => { reply.send({message: 'Hello, World!'}); });
app.get('/db', one, () => load());
app.get('/queries', many, (request) => loadMany(countOf(request.query.queries)));
app.get('/batched/updates', many, async (request) => {
  const worlds = await loadMany(countOf(request.query.queries));
  for (const each of worlds) each.randomNumber = randomId();
  worlds.sort((a, b) => a.id - b.id);
  // All changes in one statement, which is the quickest way that the rules of this test allow.
  await pool.query({
    name: 'update',
    text: `UPDATE world SET randomnumber = new.value
           FROM (SELECT DISTINCT ON (id) * FROM unnest($1::int[], $2::int[]) AS all_new(id, value) ORDER BY id) AS new
           WHERE world.id = new.id`,
    values: [worlds.map((each) => each.id), worlds.map((each) => each.randomNumber)],
  });
  return worlds;
});

const escapes = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'};
app.get('/fortunes', async (request, reply) => {
  const {rows} = await pool.query({name: 'fortunes', text: 'SELECT id, message FROM fortune'});
  rows.push({id: 0, message: 'Additional fortune added at request time.'});
  rows.sort((a, b) => (a.message < b.message ? -1 : 1));
  reply.type('text/html; charset=utf-8').send('<!DOCTYPE html><html><head><title>Fortunes</title></head><body>'
    + '<table><tr><th>id</th><th>message</th></tr>'
    + rows.map((row) => `<tr><td>${row.id}</td><td>${row.message.replace(/[&<>"']/g, (c) => escapes[c])}</td></tr>`)
      .join('') + '</table></body></html>');
});

await app.listen({host: '127.0.0.1', port: Number(port)});
