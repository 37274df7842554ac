-- In the words of digest_times: a store that was made when both said IN has this
-- index for those words alone.
DROP INDEX event_renewal;
CREATE INDEX event_renewal ON event (id) WHERE kind = 'mode-set'
	OR kind = 'list-loaded' OR kind = 'briefing-restored'
	OR kind = 'address-released';
