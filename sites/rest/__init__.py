"""What the JSON API of every floor shares: bodies, paging, rows of one site, and errors that help.

`problems`: what is wrong, as the answer says it; `bodies`: typed requests that follow the tables;
`rows`: finding, writing and removing rows; `paging`: lists in pieces.
"""
