//! stub: H3 owns
