// node api.mjs PORT DATABASE CONNECTIONS [CERTIFICATE KEY]: what bench/servers/api is on Troupe, on Fastify, pg and ws, one
// process, 127.0.0.1 only; with a certificate, over TLS. No logger, schemas for bodies and answers, named statements, a pool.
import {readFileSync} from 'node:fs';

import websocket from '@fastify/websocket';
import Fastify from 'fastify';
import pg from 'pg';

const [port, database, connections, certificate, key] = process.argv.slice(2);
const app = Fastify({
  logger: false,
  bodyLimit: 2 * 1024 * 1024,
  ...(certificate ? {https: {cert: readFileSync(certificate), key: readFileSync(key)}} : {}),
});
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
const pool = new pg.Pool({connectionString: database, max: Number(connections)});
await app.register(websocket);
app.addContentTypeParser('application/octet-stream', {parseAs: 'buffer'}, (request, body, done) => done(null, body));

const integer = {type: 'integer'};
const string = {type: 'string'};
const id = {params: {type: 'object', properties: {id: integer}}};
const itemSchema = {type: 'object', properties: {id: integer, name: string, price: integer, quantity: integer}};
const given = {...itemSchema, required: ['name', 'price', 'quantity']};
const pricedSchema = {
  type: 'object',
  properties: {...itemSchema.properties, category: string, active: {type: 'boolean'}, total: integer},
};

const stock = Array.from({length: 50}, (_, i) => ({
  id: i + 1,
  name: `item ${i + 1}`,
  category: (i + 1) % 3 === 0 ? 'electronics' : 'household',
  price: 100 + (i + 1) % 900,
  quantity: (i + 1) % 100,
  active: (i + 1) % 2 === 0,
}));

const rows = async (name, text, values) => (await pool.query({name, text, values})).rows;
const one = async (reply, name, text, values) => (await rows(name, text, values))[0] ?? reply.code(404).send();

app.get('/plaintext', (request, reply) => { reply.type('text/plain').send('Hello, World!'); });
app.get('/json/:count', {schema: {response: {200: {type: 'array', items: pricedSchema}}}}, (request, reply) => {
  const count = Math.min(Math.max(Number.parseInt(request.params.count, 10) || 1, 1), 50);
  reply.send(stock.slice(0, count).map((each) => ({...each, total: each.price * each.quantity})));
});
app.post('/upload', (request, reply) => { reply.type('text/plain').send(String(request.body.length)); });
app.get('/items', {schema: {response: {200: {type: 'array', items: itemSchema}}}}, (request) => rows('list',
  'SELECT id, name, price, quantity FROM items WHERE id > $1 ORDER BY id LIMIT 10', [Number(request.query.after ?? 0)]));
app.get('/items/:id', {schema: {...id, response: {200: itemSchema}}}, (request, reply) => one(reply, 'show',
  'SELECT id, name, price, quantity FROM items WHERE id = $1', [request.params.id]));
app.post('/items', {schema: {body: given, response: {201: itemSchema}}}, async (request, reply) => {
  const {name, price, quantity} = request.body;
  reply.code(201);
  return one(reply, 'create',
    'INSERT INTO items (name, price, quantity) VALUES ($1, $2, $3) RETURNING id, name, price, quantity',
    [name, price, quantity]);
});
app.put('/items/:id', {schema: {...id, body: given, response: {200: itemSchema}}}, (request, reply) => {
  const {name, price, quantity} = request.body;
  return one(reply, 'change',
    'UPDATE items SET name = $2, price = $3, quantity = $4 WHERE id = $1 RETURNING id, name, price, quantity',
    [request.params.id, name, price, quantity]);
});
app.get('/echo', {websocket: true}, (socket) => {
  socket.on('message', (message, isBinary) => socket.send(message, {binary: isBinary}));
});

await pool.query('SELECT id, name, price, quantity FROM items LIMIT 0'); // it is there
await app.listen({host: '127.0.0.1', port: Number(port)});
