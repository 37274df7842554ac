-- Whom a notice went to; few deliveries are of one.
CREATE INDEX delivery_notice ON delivery (notice_id)
	WHERE notice_id IS NOT NULL;
