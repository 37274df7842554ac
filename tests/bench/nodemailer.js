// nodemailer.js PORT MAILS CONNECTIONS STORE: a digest to so many people as one
// writes it in Node: nodemailer's pool, text and HTML with their name in it, and
// a durable row for each verdict. Prints the seconds it took.
"use strict";
const Database = require("better-sqlite3");
const nodemailer = require("nodemailer");

const [port, mails, connections, path] = process.argv.slice(2);
const paragraph = "Nobody asked the child alone what a day at home was like, " +
	"and nobody compared notes with anyone. ";
const text = paragraph.repeat(70);
const html = `<p>${paragraph.repeat(10)}</p>`.repeat(9);

const store = new Database(path);
store.pragma("journal_mode = WAL");
store.pragma("synchronous = FULL");
store.exec("CREATE TABLE verdict (id INTEGER PRIMARY KEY, address TEXT, " +
	"response TEXT, at INTEGER)");
const record = store.prepare("INSERT INTO verdict (address, response, at) " +
	"VALUES (?, ?, ?)");

const pool = nodemailer.createTransport({
	pool: true, host: "127.0.0.1", port: Number(port), secure: false,
	ignoreTLS: true, maxConnections: Number(connections),
	maxMessages: Infinity,
});

async function send(number) {
	const to = `m${number}@police.example`;
	const sent = await pool.sendMail({
		from: "learning@severnside.example", to, subject: "Learning digest",
		text: `Dear Member ${number},\n\n${text}`,
		html: `<p>Dear Member ${number},</p>${html}`,
	});
	record.run(to, sent.response, Date.now());
}

async function main() {
	const began = process.hrtime.bigint();
	let next = 0;
	// as many at a time as keep the pool busy
	await Promise.all(Array.from({length: 2 * connections}, async () => {
		while (next < mails)
			await send(next++);
	}));
	console.log(Number(process.hrtime.bigint() - began) / 1e9);
	pool.close();
}

main();
