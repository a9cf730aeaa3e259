"""The customer's side of chats in a browser: pages, widget, and the socket that they speak by."""
