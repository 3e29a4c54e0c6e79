-- Sessions that began together tell their first interim together. With room for a second version of every row in its page
-- such an update touches no index.
alter table network.session set (fillfactor = 45);
