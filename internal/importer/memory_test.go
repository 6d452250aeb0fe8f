package importer_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"dealflow/internal/importer"
	"dealflow/internal/store/storetest"
)

// TestMemory shows that a file's size does not matter: it brings in a file of
// many times the size of what the import may take.
func TestMemory(t *testing.T) {
	const rows, good, most = 100_000, 1000, 12 << 20
	o := newOffice(t, storetest.SQLite(t), "Acme")
	m, err := importer.ReadDealMapping(strings.NewReader(plain))
	check(t, err)
	before, peak := heap(), uint64(0)
	told := 0
	file := &madeUp{rows: rows}
	result, err := (&importer.Import{
		Sales: o.sales, File: file, Pipeline: "Sales", CreatePipeline: true,
		Report: func(importer.RowError) { told++ },
		Progress: func(done int64) {
			if done/(4<<20) > file.seen { // every four megabytes
				file.seen = done / (4 << 20)
				peak = max(peak, heap())
			}
		},
	}).Deals(o.ctx, m)
	check(t, err)
	// Most rows are bad, which saves the time of writing them.
	want(t, "result", result, importer.Result{Rows: rows, New: good, Failed: rows - good})
	want(t, "told", told, result.Failed)
	t.Logf("a file of %d MB took %d MB of memory at most", file.size>>20, int64(peak-before)>>20)
	if peak > before+most {
		t.Errorf("memory grew by %d MB; it may by %d", (peak-before)>>20, most>>20)
	}
}

// heap is how much memory is in use.
func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// madeUp is a file that is made up while it is read.
type madeUp struct {
	rows, next int
	rest       string
	size, seen int64
}

func (f *madeUp) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekStart {
		return 0, errors.ErrUnsupported
	}
	f.next, f.rest = 0, "id,name,stage,amount\n"
	return 0, nil
}

func (f *madeUp) Read(p []byte) (int, error) {
	if f.rest == "" {
		if f.next == f.rows {
			return 0, io.EOF
		}
		stage := "Nowhere"
		if f.next%(f.rows/2) < 500 {
			stage = "New"
		}
		f.rest = fmt.Sprintf("%d,%s,%s,%d\n", f.next, strings.Repeat("x", 250), stage, f.next)
		f.next++
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	f.size += int64(n)
	return n, nil
}

// TestOpenQuote shows that a quote that is never closed does not read the rest
// of the file into memory.
func TestOpenQuote(t *testing.T) {
	o := newOffice(t, storetest.SQLite(t), "Acme")
	m, err := importer.ReadDealMapping(strings.NewReader(plain))
	check(t, err)
	file := &openQuote{madeUp{rows: 200_000}}
	_, err = (&importer.Import{Sales: o.sales, File: file, Pipeline: "Sales", CreatePipeline: true}).Deals(o.ctx, m)
	want(t, "error", fmt.Sprint(err), "after line 1: a row has more than 16 MB: is the quote missing that closes a value?")
}

// openQuote is a file with a quote before its first row.
type openQuote struct{ madeUp }

func (f *openQuote) Seek(offset int64, whence int) (int64, error) {
	at, err := f.madeUp.Seek(offset, whence)
	f.rest += `"`
	return at, err
}
