// Checks inclusion proofs and checkpoints with @sigstore/verify: one JSON object a line in, one {"error": ...} out.
//
//   {"index": 3, "body": "<hex>", "proof": ["<hex>", ...], "note": "...", "name": "...", "key": "<hex of 32 bytes>"}
//
// The note must be signed by that Ed25519 key of that name, and the entry be in the tree of its size and root. Found
// by NODE_PATH.
"use strict";
const { createPublicKey, createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { dirname, join } = require("node:path");
const dist = dirname(require.resolve("@sigstore/verify"));
const { verifyMerkleInclusion } = require(join(dist, "tlog", "merkle.js"));
const { verifyCheckpoint } = require(join(dist, "tlog", "checkpoint.js"));

function check(question) {
  const raw = Buffer.from(question.key, "hex");
  const id = createHash("sha256").update(Buffer.concat([Buffer.from(question.name + "\n\x01"), raw])).digest();
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") }, format: "jwk" });
  const entry = {
    canonicalizedBody: Buffer.from(question.body, "hex"),
    inclusionProof: {
      logIndex: String(question.index),
      hashes: question.proof.map((hash) => Buffer.from(hash, "hex")),
      checkpoint: { envelope: question.note },
    },
  };
  const checkpoint = verifyCheckpoint(entry, [{ logID: id.subarray(0, 4), baseURL: question.name, publicKey }]);
  verifyMerkleInclusion(entry, checkpoint);
}

for (const line of readFileSync(0, "utf-8").split("\n")) {
  if (!line) continue;
  let error = "";
  try {
    check(JSON.parse(line));
  } catch (thrown) {
    error = String(thrown.message || thrown);
  }
  console.log(JSON.stringify({ error }));
}
