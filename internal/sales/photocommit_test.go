package sales_test

import (
	"bytes"
	"net"
	"net/url"
	"sync/atomic"
	"testing"

	"dealflow/internal/sales"
	"dealflow/internal/store/storetest"
	"dealflow/internal/testdb"
)

// breaking is a way to Postgres that can break, once, in a COMMIT.
type breaking struct {
	server  net.Addr
	inside  atomic.Bool // break before the COMMIT gets there
	outside atomic.Bool // break before its answer gets back
}

// mustBreak returns the URL of a database by a way that can break.
func mustBreak(t *testing.T, address string) (*breaking, string) {
	t.Helper()
	u := must(url.Parse(address))(t)
	query := u.Query()
	b := &breaking{server: &net.UnixAddr{Net: "unix", Name: query.Get("host") + "/.s.PGSQL." + query.Get("port")}}
	if u.Host != "" {
		b.server = must(net.ResolveTCPAddr("tcp", u.Host))(t)
	}
	listener := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go b.serve(client)
		}
	}()
	query.Del("host")
	query.Del("port")
	u.Host, u.RawQuery = listener.Addr().String(), query.Encode()
	return b, u.String()
}

// serve passes on what a client and the server say to each other.
func (b *breaking) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial(b.server.Network(), b.server.String())
	if err != nil {
		return
	}
	defer server.Close()
	var deaf atomic.Bool
	go func() {
		defer client.Close()
		answer := make([]byte, 64<<10)
		for {
			n, err := server.Read(answer)
			if err != nil || deaf.Load() {
				return
			}
			if _, err := client.Write(answer[:n]); err != nil {
				return
			}
		}
	}()
	request := make([]byte, 64<<10)
	for {
		n, err := client.Read(request)
		if err != nil {
			return
		}
		if bytes.Contains(request[:n], []byte("COMMIT\x00")) {
			if b.inside.CompareAndSwap(true, false) {
				return
			}
			deaf.Store(b.outside.CompareAndSwap(true, false))
		}
		if _, err := server.Write(request[:n]); err != nil {
			return
		}
	}
}

// TestUploadLeadPhotoBrokenCommit expects the file of a photo to stay when the
// lead has it and only the answer to COMMIT is lost, and to go when the lead does
// not.
func TestUploadLeadPhotoBrokenCommit(t *testing.T) {
	b, address := mustBreak(t, testdb.Postgres(t))
	s := storetest.Open(t, address)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := mustOffice(t, s)
	one := o.mustLead(t)
	give := func(t *testing.T) {
		t.Helper()
		_, err := o.UploadLeadPhoto(o.ctx, sales.UploadLeadPhotoInput{LeadID: ptr(one.GlobalID()), File: upload(t)})
		if err == nil {
			t.Error("no error")
		}
	}
	t.Run("the commit is lost", func(t *testing.T) {
		b.inside.Store(true)
		give(t)
		if o.reload(t, one).Photo != nil || o.files(t) != 0 {
			t.Errorf("photo = %v, %d files", o.reload(t, one).Photo, o.files(t))
		}
	})
	t.Run("its answer is lost", func(t *testing.T) {
		b.outside.Store(true)
		give(t)
		if name := o.reload(t, one).Photo; name == nil || !o.hasPhoto(t, *name) {
			t.Errorf("photo = %v, %d files", name, o.files(t))
		}
	})
}

// TestDeleteLeadPhotoBrokenCommit expects a photo that is deleted to be told so
// though the end of the transaction, in which there was only a lock, is lost.
func TestDeleteLeadPhotoBrokenCommit(t *testing.T) {
	b, address := mustBreak(t, testdb.Postgres(t))
	s := storetest.Open(t, address)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := mustOffice(t, s)
	name := o.mustPhoto(t, nil).FileName
	b.inside.Store(true)
	deleted, had, err := o.DeleteLeadPhoto(o.ctx, sales.DeleteLeadPhotoInput{FileName: name})
	if deleted != name || had != nil || err != nil || o.hasPhoto(t, name) {
		t.Errorf("%q, %v, %v", deleted, had, err)
	}
}
