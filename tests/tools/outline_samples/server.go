// Package server answers.
package server

import (
	"context"
	"net/http"
)

// Limit is how many at once.
const Limit = 16

const (
	StateIdle = iota
	StateBusy
)

var (
	ErrFull = errors.New("full")
	table   = map[string]int{
		"a": 1,
	}
)

// Handler handles.
type Handler interface {
	http.Handler
	// Handle one request.
	Handle(ctx context.Context, request *http.Request) (int, error)
}

type Server[T any] struct {
	name    string `json:"name"`
	waiting chan T
}

type (
	Name  string
	Point struct {
		X, Y int
	}
)

type Func func(a int) error

// New makes a server.
// It never fails.
func New[T any](name string) *Server[T] {
	go func() { println(name) }()
	return &Server[T]{name: name}
}

func (s *Server[T]) Serve(ctx context.Context) (err error) {
	const local = 1
	return nil
}
