"""What the system tests share: servers, engines, topics, events and the counting of them."""
