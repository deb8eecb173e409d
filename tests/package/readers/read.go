// Prints every entry of a zip: name, mode, SHA-256 of the contents.
package main

import (
	"archive/zip"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
)

func main() {
	archive, err := zip.OpenReader(os.Args[1])
	if err != nil {
		panic(err)
	}
	for _, entry := range archive.File {
		contents, err := entry.Open()
		if err != nil {
			panic(err)
		}
		hash := sha256.New()
		if _, err := io.Copy(hash, contents); err != nil {
			panic(err)
		}
		kind := uint32(0o100000)
		switch entry.Mode().Type() {
		case fs.ModeDir:
			kind = 0o040000
		case fs.ModeSymlink:
			kind = 0o120000
		}
		fmt.Printf("%s\t%o\t%x\n", entry.Name, kind|uint32(entry.Mode().Perm()), hash.Sum(nil))
	}
}
