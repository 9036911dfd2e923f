"""The wire models: everything that the control API takes and answers, said once for server and client.

One file a section. What is sent ends in `Request`; the others are answers and their parts. They need nothing but
pydantic 2, so what only the server can know (is this a telephone number, is there such a console) is the server's to
check. Names of vendors and operations are any text: a server may have more than this package knew.
"""
