-- A session is written by the process that found its NAS in memory; looking the NAS up and locking its row for every
-- session that begins costs more than the session. NASes that have sessions are disabled, never deleted.
alter table network.session drop constraint session_nas_id_fkey;
