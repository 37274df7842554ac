-- name: begin_immediate
BEGIN IMMEDIATE;
