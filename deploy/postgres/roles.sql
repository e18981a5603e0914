-- Run once by a superuser: the three roles and the database. The owner migrates; silos connect as the application, which may only
-- SELECT and INSERT the ledger; gateways only see the membership tables. Passwords are given as psql variables.
CREATE ROLE wallets_owner   LOGIN PASSWORD :'owner_password';
CREATE ROLE wallets_app     LOGIN PASSWORD :'app_password';
CREATE ROLE wallets_gateway LOGIN PASSWORD :'gateway_password';
CREATE DATABASE wallets OWNER wallets_owner;
\connect wallets
REVOKE ALL ON DATABASE wallets FROM PUBLIC;
GRANT CONNECT ON DATABASE wallets TO wallets_app, wallets_gateway;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER SCHEMA public OWNER TO wallets_owner;
GRANT USAGE ON SCHEMA public TO wallets_app, wallets_gateway;
