package main

import (
	"time"

	"dealflow/internal/document"
	"dealflow/internal/guard"
	"dealflow/internal/server"
)

// limitFlags bound what one request may be, and how long it may take to come and go.
type limitFlags struct {
	MaxBody          size          `group:"Limits:" default:"1MB" min:"1kB" max:"1024MB" placeholder:"SIZE" help:"The largest request without files that is read. Default: ${default}"`
	MaxTokens        int           `group:"Limits:" default:"2000" min:"1" max:"1000000" placeholder:"N" help:"The most tokens (words and signs) of a GraphQL document. Published documents are free of this and the next four. Default: ${default}"`
	MaxDepth         int           `group:"Limits:" default:"30" min:"1" max:"500" placeholder:"N" help:"How deep braces, brackets and parentheses of a document may nest. Default: ${default}"`
	MaxAliases       int           `group:"Limits:" default:"100" min:"1" max:"100000" placeholder:"N" help:"The most aliases of a document. Default: ${default}"`
	MaxDirectives    int           `group:"Limits:" default:"50" min:"1" max:"100000" placeholder:"N" help:"The most directives of a document. Default: ${default}"`
	MaxSpreads       int           `group:"Limits:" default:"100" min:"1" max:"100000" placeholder:"N" help:"The most fragment spreads and inline fragments of a document. Default: ${default}"`
	MaxList          int           `group:"Limits:" default:"1000" min:"1" max:"1000000" placeholder:"N" help:"The most values of one list in the variables. Default: ${default}"`
	MaxInputDepth    int           `group:"Limits:" default:"12" min:"1" max:"500" placeholder:"N" help:"How deep lists and objects in the variables may nest. Default: ${default}"`
	MaxValues        int           `group:"Limits:" default:"10000" min:"1" max:"10000000" placeholder:"N" help:"The most values in the variables, all in all. Default: ${default}"`
	APQEntries       int           `group:"Limits:" name:"apq-entries" default:"10000" min:"1" max:"1000000" placeholder:"N" help:"The most texts that are remembered for people's clients, which then send a hash instead (Apollo's automatic persisted queries). Default: ${default}"`
	APQMemory        size          `group:"Limits:" name:"apq-memory" default:"16MB" min:"1kB" max:"1024MB" placeholder:"SIZE" help:"The most memory for these texts. What there is no room for is sent again. Default: ${default}"`
	HeaderTimeout    time.Duration `group:"Limits:" default:"10s" min:"10ms" max:"1h" placeholder:"DURATION" help:"How long a request's headers may take to arrive. Default: ${default}"`
	ReadTimeout      time.Duration `group:"Limits:" default:"1m" min:"10ms" max:"1h" placeholder:"DURATION" help:"How long all of a request may take to arrive, such as a photo over a slow line. Default: ${default}"`
	WriteTimeout     time.Duration `group:"Limits:" default:"1m" min:"10ms" max:"1h" placeholder:"DURATION" help:"How long an answer may take to leave, once it has begun. Default: ${default}"`
	IdleTimeout      time.Duration `group:"Limits:" default:"2m" min:"10ms" max:"24h" placeholder:"DURATION" help:"How long a connection is kept for the next request. Default: ${default}"`
	OperationTimeout time.Duration `group:"Limits:" default:"30s" min:"10ms" max:"1h" placeholder:"DURATION" help:"How long a query or a mutation may run. Default: ${default}"`
}

// apply sets the limits of a server.
func (f limitFlags) apply(c *server.Config) {
	c.MaxBody = int64(f.MaxBody)
	c.Limits = guard.Limits{
		Tokens: f.MaxTokens, Depth: f.MaxDepth, Aliases: f.MaxAliases, Directives: f.MaxDirectives, Spreads: f.MaxSpreads,
		List: f.MaxList, InputDepth: f.MaxInputDepth, Values: f.MaxValues,
	}
	c.Texts = document.Limits{Texts: f.APQEntries, Bytes: int(f.APQMemory)}
	c.OperationTimeout = f.OperationTimeout
	c.HeaderTimeout, c.ReadTimeout, c.WriteTimeout, c.IdleTimeout = f.HeaderTimeout, f.ReadTimeout, f.WriteTimeout, f.IdleTimeout
}
