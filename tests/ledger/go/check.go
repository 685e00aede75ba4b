// Checks notes and proofs with Go's own sumdb packages: one JSON object a line in, one out.
//
//	{"kind": "note", "note": "...", "vkey": "..."}
//	{"kind": "inclusion", "index": 3, "size": 8, "leaf": "<hex>", "root": "<hex>", "proof": ["<hex>", ...]}
//	{"kind": "consistency", "size1": 3, "size2": 8, "root1": "<hex>", "root2": "<hex>", "proof": ["<hex>", ...]}
//	{"kind": "leaf", "body": "<hex>"}
//
// The answer is {"error": ""} where the check passes, and the text of the error where it does not; for a note the text
// that was signed comes along, for a leaf its hash.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	Kind, Note, Vkey, Leaf, Root, Root1, Root2, Body string
	Index, Size, Size1, Size2                        int64
	Proof                                            []string
}

type answer struct {
	Error string `json:"error"`
	Text  string `json:"text"`
	Hash  string `json:"hash"`
}

// A hash that is not 32 bytes never reaches the package: its type does not hold one.
func hash(text string) (h tlog.Hash, err error) {
	data, err := hex.DecodeString(text)
	if err == nil && len(data) != len(h) {
		err = errors.New("a hash is not 32 bytes")
	}
	copy(h[:], data)
	return h, err
}

func hashes(texts ...string) ([]tlog.Hash, error) {
	var all []tlog.Hash
	for _, text := range texts {
		h, err := hash(text)
		if err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

func openNote(q question) (string, error) {
	verifier, err := note.NewVerifier(q.Vkey)
	if err != nil {
		return "", err
	}
	opened, err := note.Open([]byte(q.Note), note.VerifierList(verifier))
	if err != nil {
		return "", err
	}
	return opened.Text, nil
}

func check(q question) (a answer, err error) {
	proof, err := hashes(q.Proof...)
	if err != nil {
		return a, err
	}
	switch q.Kind {
	case "note":
		a.Text, err = openNote(q)
	case "inclusion":
		ends, err := hashes(q.Root, q.Leaf)
		if err != nil {
			return a, err
		}
		return a, tlog.CheckRecord(proof, q.Size, ends[0], q.Index, ends[1])
	case "consistency":
		ends, err := hashes(q.Root2, q.Root1)
		if err != nil {
			return a, err
		}
		return a, tlog.CheckTree(proof, q.Size2, ends[0], q.Size1, ends[1])
	case "leaf":
		body, err := hex.DecodeString(q.Body)
		h := tlog.RecordHash(body)
		a.Hash = hex.EncodeToString(h[:])
		return a, err
	default:
		err = errors.New("no such kind: " + q.Kind)
	}
	return a, err
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	answers := json.NewEncoder(out)
	for lines.Scan() {
		var q question
		var a answer
		err := json.Unmarshal(lines.Bytes(), &q)
		if err == nil {
			a, err = check(q)
		}
		if err != nil {
			a.Error = err.Error()
		}
		if err := answers.Encode(a); err != nil {
			os.Exit(1)
		}
	}
	if lines.Err() != nil {
		os.Exit(1)
	}
}
