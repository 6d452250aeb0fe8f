package demo

// Nobody here exists, and neither does any of the companies. Addresses end in
// .example, which nobody owns, and phone numbers are of those set aside for
// fiction.
var (
	firstNames = []string{
		"Ada", "Aisha", "Alba", "Amara", "Anders", "Anika", "Anton", "Aroha", "Bela", "Birgit",
		"Bruno", "Carmen", "Chidi", "Clara", "Dario", "Dilara", "Edda", "Elif", "Emeka", "Enzo",
		"Esra", "Farid", "Fatou", "Freya", "Gita", "Hana", "Hugo", "Ida", "Ines", "Isak",
		"Jaya", "Jonas", "Kaito", "Kamala", "Kerem", "Laila", "Leon", "Lucia", "Magnus", "Malik",
		"Marta", "Mei", "Milan", "Mira", "Nadia", "Nils", "Noor", "Olga", "Omar", "Paula",
		"Petra", "Quentin", "Rafael", "Ravi", "Rosa", "Samira", "Sven", "Tariq", "Tomas", "Yuki",
	}
	lastNames = []string{
		"Abrantes", "Achterberg", "Adeyinka", "Albescu", "Amundsby", "Arakida", "Balogun-Hale", "Barczyk", "Bellamere", "Bergholm",
		"Bramante", "Brookhurst", "Calloway", "Castellon", "Chandrika", "Coldstream", "Corrigall", "Dahlqvist", "Dawnay", "Delacourt",
		"Drummore", "Eastvale", "Ekelund", "Elmcroft", "Fairwater", "Falkenrath", "Fenwright", "Ferrante", "Goldhaber", "Grimaldo",
		"Hallbrook", "Harrowgate", "Hashiguchi", "Holmqvist", "Iversby", "Jankauskas", "Kallio", "Karimov", "Kestrel", "Kirkwall",
		"Lachmann", "Larkin", "Lindqvist", "Lockridge", "Marchetti", "Mbeki-Lowe", "Merriweather", "Moravec", "Nakagura", "Northcott",
		"Okonjo", "Oldenburgh", "Ostrander", "Paternoster", "Pellegrin", "Quillfeather", "Radcliffe", "Rasmuson", "Ravenscar", "Rosenthaler",
		"Sandoval", "Shirazi", "Silverlake", "Stavros", "Szymborski", "Thistlewood", "Underhill", "Valdivia", "Vanterpool", "Wetherby",
		"Whitcombe", "Wolanski", "Yamashiro", "Yarrow", "Zelenka", "Zimmerli", "Ashgrove", "Birchall", "Cranfield", "Downing",
	}
	companyNames = []string{
		"Larkmoor", "Quillbrook", "Fernhollow", "Tamberly", "Ostwick", "Brindleford", "Calderby", "Dunmarrow", "Elverton", "Foxmere",
		"Gildersome", "Hartwell Cross", "Inglemoor", "Juniper Row", "Kestrelwick", "Lanthorn", "Marlstone", "Netherby", "Oakhampstead", "Pinefort",
		"Ravenmoor", "Saltmarsh", "Thornbury Lane", "Umberfield", "Vellacott", "Westering", "Yarrowdale", "Zephyr Hill", "Amberly", "Copperbeck",
	}
	companyKinds = []string{
		"Robotics", "Foods", "Logistics", "Textiles", "Software", "Energy", "Instruments", "Timber", "Health", "Optics",
		"Marine", "Paper", "Ceramics", "Aviation", "Gardens", "Media",
	}
	positions = []string{
		"Head of Operations", "Office Manager", "Chief Engineer", "Buyer", "Founder", "IT Lead", "Finance Director", "Sales Manager",
		"Product Owner", "Plant Manager", "Head of Procurement", "Consultant",
	}
	locations = []string{
		"Lisbon", "Gothenburg", "Nairobi", "Osaka", "Toronto", "Leipzig", "Valparaíso", "Galway", "Pune", "Tallinn", "Adelaide", "Montréal",
	}
	sources     = []string{"Website", "Referral", "Trade fair", "Cold call", "Newsletter", "Partner"}
	products    = []string{"Starter plan", "Team plan", "Enterprise plan", "Annual support", "Data migration", "Training days", "Sensor kit", "Spare parts"}
	tags        = []string{"priority", "renewal", "upsell", "new logo", "long term", "discount"}
	lostReasons = []string{"Too expensive.", "Chose another vendor.", "No budget this year.", "No answer for months.", "A feature was missing."}
	remarks     = []string{
		"Asked for a quote by the end of the week.",
		"Called, and left a message.",
		"Very interested, but the budget is decided next quarter.",
		"Met at the fair. Wants to see a demo with the whole team.",
		"Sent the proposal. The lawyers look at it now.",
		"Needs an offer with monthly payment.",
		"Spoke for half an hour about how they work today: mostly spreadsheets.",
		"Out of office until Monday.",
		"Introduced us to the head of procurement.",
		"Compares us with two others. Price is not the main point, support is.",
		"Wants references from companies of the same size.",
		"Signed the agreement. Kick-off next week!",
	}
	areaCodes = []string{"202", "303", "404", "505", "606", "707", "808", "909", "212", "313"}
)
